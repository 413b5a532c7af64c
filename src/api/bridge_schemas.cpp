#include "api/bridge_schemas.h"

#include <string_view>

namespace promethean::api {

namespace {

// What every answer about the index begins with (bridge_head).
constexpr std::string_view kHead = R"("ok": {"const": true},
    "generation": {"type": "integer", "description": "Counts the states of the index."},
    "as_of": {"type": "string", "description": "When this was what is on disk, ISO 8601 in UTC."},
    "pending": {"type": "integer", "description": "Places known to have changed since; 0 when nothing is."},
    "stale": {"type": "string", "description": "Only there when the index may be behind the disk: why."})";

constexpr std::string_view kLines = R"("startLine": {"type": "integer", "description": "The first line, from 1."},
      "endLine": {"type": "integer", "description": "The last line, inclusive."})";

constexpr std::string_view kIndexerStatus = R"({"type": "object", "properties": {
      "mode": {"type": "string", "enum": ["bootstrap", "indexed"]}, "active": {"type": "boolean"},
      "paused": {"type": "boolean"}, "watching": {"type": "boolean"}, "queuedFiles": {"type": "integer"},
      "processedFiles": {"type": "integer"}, "startedAt": {"type": ["string", "null"]},
      "finishedAt": {"type": ["string", "null"]}, "lastError": {"type": ["string", "null"]},
      "bootstrap": {"type": ["object", "null"], "properties": {"total": {"type": "integer"},
        "cursor": {"type": "integer"}, "remaining": {"type": "integer"}}}}})";

constexpr std::string_view kIndexSize = R"("files": {"type": "integer"}, "bytes": {"type": "integer"},
    "chunks": {"type": "integer"}, "symbols": {"type": "integer"},
    "leftOut": {"type": "object", "description": "Reason -> files that are not indexed for it.",
      "additionalProperties": {"type": "integer"}})";

// Of a list that holds a directory's entries.
constexpr std::string_view kCounts =
    R"("ignored": {"type": "integer", "description": "Entries that ignore rules left out."},
    "truncated": {"type": "boolean", "description": "True when there was more than is listed."})";

constexpr std::string_view kEntry = R"("name": {"type": "string"},
      "path": {"type": "string", "description": "Relative to the root; \".\" is the root."},
      "type": {"type": "string", "enum": ["file", "dir", "link", "other"]},
      "size": {"type": ["integer", "null"], "description": "Bytes; null for what is no file."},
      "mtimeMs": {"type": "number", "description": "Milliseconds since 1970."},
      "link": {"type": "boolean", "description": "True for a symbolic link within the root."})";

constexpr std::string_view kWindow = R"("totalLines": {"type": "integer"},
      "startLine": {"type": "integer", "description": "The first line of the snippet, from 1."},
      "endLine": {"type": "integer", "description": "The last line of the snippet, inclusive."},
      "focusLine": {"type": "integer", "description": "The line that was asked for, within the file."},
      "snippet": {"type": "string", "description": "The lines, joined by LF."},
      "hash": {"type": "string", "description": "Eight hex digits: the @hash8 of a citation of these lines."})";

std::string text_of(std::string_view text) {
  return std::string(text);
}

// {"ok", "generation", ..., "results": [item], more}
std::string results_response(std::string_view title, std::string_view item, std::string_view more,
                             std::string_view definitions) {
  return R"({"title": ")" + text_of(title) +
         R"(", "type": "object", "required": ["ok", "generation", "results"], "properties": {)" + text_of(kHead) +
         R"(, "results": {"type": "array", "items": )" + text_of(item) + "}" + text_of(more) + R"(}, "$defs": {)" +
         text_of(definitions) + "}}";
}

std::string listing_properties() {
  return R"("ok": {"const": true}, "base": {"type": "string", "description": "The directory that is listed."},
    "entries": {"type": "array", "items": {"$ref": "#/$defs/FileEntry"}}, )" +
         text_of(kCounts);
}

std::string tree_properties() {
  return R"("ok": {"const": true}, "base": {"type": "string", "description": "The directory that is shown."},
    "tree": {"$ref": "#/$defs/FileTreeNode"}, )" +
         text_of(kCounts);
}

std::string view_properties() {
  return R"("ok": {"const": true}, "path": {"type": "string"}, )" + text_of(kWindow);
}

std::string symbol_definition() {
  return R"("SymbolResult": {"type": "object", "required": ["path", "name", "kind", "startLine", "endLine", "signature"],
    "properties": {
      "path": {"type": "string"}, "name": {"type": "string"},
      "kind": {"type": "string", "description": "function, method, class, struct and the like."},
      "scope": {"type": "string", "description": "What it lies in (A::b); may be empty."},
      "line": {"type": "integer", "description": "Where the name stands, from 1."}, )" +
         text_of(kLines) + R"(, "signature": {"type": "string"},
      "tier": {"type": "string", "enum": ["syntax", "scan", "textual"], "description": "How sure it is a definition."},
      "match": {"type": "string", "description": "How the name fits: exact, prefix, substring, fuzzy."},
      "score": {"type": "number", "description": "Higher is better."}, "comment": {"type": "string"}
    }})";
}

std::string file_entry_definition() {
  return R"("FileEntry": {"type": "object", "required": ["name", "path", "type", "size", "mtimeMs"], "properties": {)" +
         text_of(kEntry) + "}}";
}

std::string tree_node_definition() {
  return R"("FileTreeNode": {"type": "object", "required": ["name", "path", "type", "size", "mtimeMs"],
    "properties": {)" +
         text_of(kEntry) + R"(, "children": {"type": "array", "items": {"$ref": "#/$defs/FileTreeNode"}}}})";
}

}  // namespace

std::string search_response() {
  const std::string result =
      R"("SearchResult": {"type": "object", "required": ["id", "path", "chunkIndex", "startLine", "endLine", "score", "text"],
    "properties": {
      "id": {"type": "string", "description": "path#chunkIndex"}, "path": {"type": "string"},
      "chunkIndex": {"type": "integer"}, )" +
      text_of(kLines) + R"(,
      "score": {"type": "number", "description": "Higher is better; comparable within one answer only."},
      "symbol": {"type": "string", "description": "The definition that the lines belong to; may be empty."},
      "signature": {"type": "string"}, "text": {"type": "string"}
    }})";
  return results_response("SearchResponse", R"({"$ref": "#/$defs/SearchResult"})", "", result);
}

std::string grep_response() {
  const std::string result = R"("GrepResult": {"type": "object", "required": ["path"],
    "description": "A matching line; with mode files or count only the path, and the count.", "properties": {
      "path": {"type": "string"}, "line": {"type": "integer", "description": "From 1."},
      "column": {"type": "integer", "description": "Byte of the first match in its line, from 1."},
      "lineText": {"type": "string"}, "snippet": {"type": "string", "description": "The line with its context."}, )" +
                             text_of(kLines) + R"(, "count": {"type": "integer", "description": "Matches in the file."}
    }})";
  const std::string_view more = R"(,
    "total": {"type": "integer", "description": "Matches found, those left out by maxMatches included."},
    "truncated": {"type": "boolean", "description": "True when the list was cut; `truncatedBy` says by what."},
    "truncatedBy": {"type": "string"},
    "partial": {"type": "boolean", "description": "True when not everything was searched."},
    "filesSearched": {"type": "integer"},
    "leftOut": {"type": "object", "description": "Reason -> files that were not searched.",
      "additionalProperties": {"type": "integer"}})";
  return results_response("GrepResponse", R"({"$ref": "#/$defs/GrepResult"})", more, result);
}

std::string symbols_response() {
  const std::string_view more = R"(,
    "total": {"type": "integer", "description": "How many there are."},
    "truncated": {"type": "boolean", "description": "True when `limit` cut the list."},
    "note": {"type": "string", "description": "What to know about these results."})";
  return results_response("SymbolsResponse", R"({"$ref": "#/$defs/SymbolResult"})", more, symbol_definition());
}

std::string references_response() {
  const std::string reference =
      R"("Reference": {"type": "object", "required": ["path", "line", "column", "tier"], "properties": {
      "path": {"type": "string"}, "line": {"type": "integer", "description": "From 1."},
      "column": {"type": "integer", "description": "Byte in its line, from 1."},
      "lineText": {"type": "string"}, "snippet": {"type": "string"}, )" +
      text_of(kLines) + R"(, "scope": {"type": "string", "description": "The definition that it stands in."},
      "tier": {"type": "string", "enum": ["syntactic", "textual"]}, "within": {"type": "string"},
      "relation": {"type": "string", "description": "How near to a definition it is."}
    }})";
  const std::string_view more = R"(,
    "definitions": {"type": "array", "items": {"$ref": "#/$defs/SymbolResult"}},
    "total": {"type": "integer"}, "files": {"type": "integer"}, "truncated": {"type": "boolean"},
    "note": {"type": "string"})";
  return results_response("ReferencesResponse", R"({"$ref": "#/$defs/Reference"})", more,
                          reference + ", " + symbol_definition());
}

std::string outline_response() {
  return R"({"title": "OutlineResponse", "type": "object", "required": ["ok", "path", "language", "tier", "outline"], "properties": {
    "ok": {"const": true}, "path": {"type": "string"}, "language": {"type": "string"},
    "tier": {"type": "string", "enum": ["syntax", "scan", "textual"]},
    "outline": {"type": "array", "items": {"$ref": "#/$defs/OutlineNode"}},
    "total": {"type": "integer"}, "truncated": {"type": "boolean"}, "note": {"type": "string"}
  }, "$defs": {"OutlineNode": {"type": "object", "required": ["name", "kind", "startLine", "endLine"], "properties": {
      "name": {"type": "string"}, "kind": {"type": "string"}, "scope": {"type": "string"},
      "line": {"type": "integer", "description": "Where the name stands, from 1."}, )" +
         text_of(kLines) + R"(, "signature": {"type": "string"}, "tier": {"type": "string"},
      "comment": {"type": "string"},
      "children": {"type": "array", "items": {"$ref": "#/$defs/OutlineNode"}}}}}})";
}

std::string symbol_count_response() {
  return R"({"title": "SymbolCount", "type": "object", "required": ["ok", "indexed", "info"], "properties": {
    )" + text_of(kHead) +
         R"(, "indexed": {"type": "integer", "description": "Files."},
    "info": {"type": "integer", "description": "Definitions in them."}}})";
}

std::string index_status_response() {
  return R"({"title": "IndexStatus", "type": "object", "required": ["ok", "status", "ready", "updating", "generation", "files"], "properties": {
    )" + text_of(kHead) +
         R"(, "status": )" + text_of(kIndexerStatus) + R"(,
    "ready": {"type": "boolean", "description": "Whether questions are answered from a whole index."},
    "updating": {"type": "boolean"}, "root": {"type": "string"},
    "progress": {"type": "object", "properties": {"stage": {"type": "string"}, "done": {"type": "integer"},
      "total": {"type": "integer"}, "etaSeconds": {"type": ["number", "null"]}}},
    )" + text_of(kIndexSize) +
         "}}";
}

std::string indexer_response() {
  return R"({"title": "IndexerSummary", "type": "object", "required": ["ok", "status"], "properties": {
    )" + text_of(kHead) +
         R"(, "status": )" + text_of(kIndexerStatus) + R"(,
    "lastIndexedAt": {"type": ["string", "null"], "description": "ISO 8601 in UTC."},
    "stats": {"type": "object", "properties": {)" +
         text_of(kIndexSize) + "}}}}";
}

std::string left_out_response() {
  return R"({"title": "LeftOutList", "type": "object", "required": ["ok", "generation", "files", "next", "counts"], "properties": {
    )" + text_of(kHead) +
         R"(, "files": {"type": "array", "items": {"type": "object", "required": ["path", "reason"], "properties": {
      "path": {"type": "string"}, "reason": {"type": "string"}, "size": {"type": "integer", "description": "Bytes."},
      "error": {"type": "string", "description": "Why it cannot be read."}}}},
    "next": {"type": ["string", "null"], "description": "Give it as `after` for what follows; null: that was all."},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}}
  }})";
}

std::string queued_response() {
  return R"({"title": "IndexerResponse", "type": "object", "required": ["ok"], "properties": {
    "ok": {"const": true}, "queued": {"type": "integer", "description": "Files that will be read."},
    "removed": {"type": "integer", "description": "Files that are left out from now on."},
    "ignored": {"type": "boolean", "description": "True while the index is built for the first time."},
    "mode": {"type": "string"}, "status": )" +
         text_of(kIndexerStatus) + "}}";
}

std::string run_response() {
  return R"({"title": "RunResponse", "type": "object", "required": ["ok", "exitCode", "error"], "properties": {
    "ok": {"type": "boolean", "description": "True for exit code 0."},
    "exitCode": {"type": ["integer", "null"], "description": "null: it was killed, or not started."},
    "signal": {"type": ["string", "null"], "description": "What killed it (SIGTERM)."},
    "stdout": {"type": "string", "description": "The tail, without its last line feed."},
    "stderr": {"type": "string"}, "durationMs": {"type": "integer"}, "timedOut": {"type": "boolean"},
    "truncated": {"type": "boolean", "description": "True when only the tail of an output was kept."},
    "stdoutBytes": {"type": "integer", "description": "How many bytes there were."},
    "stderrBytes": {"type": "integer"},
    "error": {"type": ["string", "null"], "description": "What went wrong, in words."}, "hint": {"type": "string"}
  }})";
}

std::string file_list_response() {
  return R"({"title": "FileListResponse", "type": "object", "required": ["ok", "base", "entries"], "properties": {)" +
         listing_properties() + R"(}, "$defs": {)" + file_entry_definition() + "}}";
}

std::string file_tree_response() {
  return R"({"title": "FileTreeResponse", "type": "object", "required": ["ok", "base", "tree"], "properties": {)" +
         tree_properties() + R"(}, "$defs": {)" + tree_node_definition() + "}}";
}

std::string file_view_response() {
  return R"({"title": "FileViewResponse", "type": "object", "required": ["ok", "path", "totalLines", "startLine", "endLine", "snippet"],
    "properties": {)" +
         view_properties() + "}}";
}

std::string files_response() {
  return R"({"title": "FilesResponse", "type": "object", "required": ["ok"], "description": "A directory has entries or tree, a file a snippet.",
    "properties": {)" +
         listing_properties() + R"(, "tree": {"$ref": "#/$defs/FileTreeNode"}, "path": {"type": "string"}, )" +
         text_of(kWindow) + R"(}, "$defs": {)" + file_entry_definition() + ", " + tree_node_definition() + "}}";
}

std::string stacktrace_response() {
  const std::string result =
      R"("StacktraceResult": {"type": "object", "required": ["path", "line", "column", "resolved"], "properties": {
      "path": {"type": "string", "description": "As the trace says it."}, "line": {"type": "integer"},
      "column": {"type": ["integer", "null"]}, "function": {"type": "string"},
      "resolved": {"type": "boolean", "description": "False for frames that are not of this repository."},
      "relPath": {"type": "string", "description": "The file of this repository."}, )" +
      text_of(kWindow) + "}}";
  return results_response("StacktraceResponse", R"({"$ref": "#/$defs/StacktraceResult"})", "", result);
}

std::string caller_response() {
  return R"({"title": "Caller", "type": "object", "required": ["ok", "auth", "cookie"], "properties": {
    "ok": {"const": true}, "auth": {"type": "boolean", "description": "Whether this server asks for credentials."},
    "mode": {"type": "string", "enum": ["static"]},
    "cookie": {"type": ["string", "null"], "description": "The name of the cookie that may carry the token."},
    "id": {"type": "string", "description": "Names the credential in logs and limits."},
    "scopes": {"type": "array", "items": {"type": "string"}}
  }})";
}

}  // namespace promethean::api
