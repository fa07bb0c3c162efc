#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_HEADER_ONLY 1

#include "CTOML.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace {

void write_text(std::string &json, std::string_view text) {
  json += '"';
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += static_cast<char>(c);
    } else if (c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      json += escape;
    } else {
      json += static_cast<char>(c);
    }
  }
  json += '"';
}

void write(std::string &json, const toml::node &node) {
  if (const auto *table = node.as_table()) {
    // The order of hosts is the order in which they are asked; toml++ sorts by name.
    std::vector<std::pair<std::string_view, const toml::node *>> members;
    for (const auto &[key, value] : *table) members.emplace_back(key.str(), &value);
    std::stable_sort(members.begin(), members.end(), [](const auto &one, const auto &other) {
      return one.second->source().begin < other.second->source().begin;
    });
    json += "{\"table\":[";
    bool is_first = true;
    for (const auto &[key, value] : members) {
      if (!is_first) json += ',';
      is_first = false;
      json += '[';
      write_text(json, key);
      json += ',';
      write(json, *value);
      json += ']';
    }
    json += "]}";
  } else if (const auto *array = node.as_array()) {
    json += '[';
    bool is_first = true;
    for (const auto &value : *array) {
      if (!is_first) json += ',';
      is_first = false;
      write(json, value);
    }
    json += ']';
  } else if (const auto *text = node.as_string()) {
    write_text(json, text->get());
  } else if (const auto *truth = node.as_boolean()) {
    json += truth->get() ? "true" : "false";
  } else if (const auto *number = node.as_integer()) {
    json += std::to_string(number->get());
  } else {
    // Dates and fractions mean nothing in the files that are read here.
    json += "null";
  }
}

}  // namespace

char *ctoml_json(const char *text, size_t length) {
  std::string json;
  const auto result = toml::parse(std::string_view(text, length));
  if (result) {
    write(json, result.table());
  } else {
    json = "!";
    json += result.error().description();
    json += ", line " + std::to_string(result.error().source().begin.line);
  }
  char *copy = static_cast<char *>(std::malloc(json.size() + 1));
  if (copy) std::memcpy(copy, json.c_str(), json.size() + 1);
  return copy;
}

void ctoml_free(char *json) { std::free(json); }
