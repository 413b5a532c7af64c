// Content hashes (fast, not secret) and SHA-256 (for credentials).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace promethean::base {

// XXH3, 64 bits: identity of file content and lines. Stable across machines and versions.
uint64_t hash64(std::string_view bytes);

// The first eight hex digits of hash64: the `@hash8` of a citation.
std::string hash8(std::string_view bytes);

std::string sha256_hex(std::string_view bytes);     // 64 lower-case hex digits
std::string sha256_base64(std::string_view bytes);  // 44 characters, as Content-Security-Policy wants it

// Compares in time that depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b);

std::string hex(std::string_view bytes);  // lower case

// `bytes` random bytes from the kernel as hex: tokens, request ids of 16 hex digits and the like.
std::string random_hex(size_t bytes);

}  // namespace promethean::base
