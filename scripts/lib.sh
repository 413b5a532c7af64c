# Sourced by the scripts of this folder: messages on stderr, and the time of each stage.
# shellcheck shell=bash

say() { printf '%s\n' "promethean: $*" >&2; }

# die EXIT MESSAGE HINT
die() {
  printf 'promethean: error: %s\n' "$2" >&2
  [[ -z ${3:-} ]] || printf '  hint: %s\n' "$3" >&2
  exit "$1"
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

stage_began=$(now_ms)
# stage NAME: says how long it took since the stage before; silent under 0.3 s.
stage() {
  local now
  now=$(now_ms)
  ((now - stage_began < 300)) || say "$1: $(seconds $((now - stage_began)))"
  stage_began=$now
}
