#define _GNU_SOURCE
#include "CYAML.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct buffer {
  char *bytes;
  size_t count, room;
  const char *fault;
};

static const size_t largest = 16 << 20;
static const int deepest = 100;

static void put(struct buffer *out, const char *bytes, size_t count) {
  if (out->fault) return;
  if (out->count + count + 1 > largest) {
    out->fault = "it is larger than 16 MB";
    return;
  }
  if (out->count + count + 1 > out->room) {
    size_t room = (out->count + count + 1) * 2;
    char *bytes_now = realloc(out->bytes, room);
    if (!bytes_now) {
      out->fault = "there is no memory";
      return;
    }
    out->bytes = bytes_now;
    out->room = room;
  }
  memcpy(out->bytes + out->count, bytes, count);
  out->count += count;
  out->bytes[out->count] = 0;
}

static void put_text(struct buffer *out, const unsigned char *text, size_t count) {
  put(out, "\"", 1);
  for (size_t i = 0; i < count; i++) {
    char escaped[8];
    if (text[i] == '"' || text[i] == '\\') {
      snprintf(escaped, sizeof escaped, "\\%c", text[i]);
      put(out, escaped, 2);
    } else if (text[i] < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", text[i]);
      put(out, escaped, 6);
    } else {
      put(out, (const char *)text + i, 1);
    }
  }
  put(out, "\"", 1);
}

// A number as JSON has it: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
static int is_number(const char *text) {
  const char *at = text;
  if (*at == '-') at++;
  if (*at == '0') at++;
  else if (*at >= '1' && *at <= '9') while (*at >= '0' && *at <= '9') at++;
  else return 0;
  if (*at == '.') {
    at++;
    if (*at < '0' || *at > '9') return 0;
    while (*at >= '0' && *at <= '9') at++;
  }
  if (*at == 'e' || *at == 'E') {
    at++;
    if (*at == '+' || *at == '-') at++;
    if (*at < '0' || *at > '9') return 0;
    while (*at >= '0' && *at <= '9') at++;
  }
  return *at == 0;
}

static int is_one_of(const char *text, const char *const *words) {
  for (; *words; words++) if (strcmp(text, *words) == 0) return 1;
  return 0;
}

static void put_scalar(struct buffer *out, const yaml_node_t *node) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const yes[] = {"true", "True", "TRUE", NULL};
  static const char *const no[] = {"false", "False", "FALSE", NULL};
  const char *text = (const char *)node->data.scalar.value;
  int is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strlen(text) == node->data.scalar.length;
  if (is_plain && is_one_of(text, nulls)) put(out, "null", 4);
  else if (is_plain && is_one_of(text, yes)) put(out, "true", 4);
  else if (is_plain && is_one_of(text, no)) put(out, "false", 5);
  else if (is_plain && is_number(text)) put(out, text, node->data.scalar.length);
  else put_text(out, node->data.scalar.value, node->data.scalar.length);
}

static void put_node(struct buffer *out, yaml_document_t *document, int index, int depth) {
  yaml_node_t *node = yaml_document_get_node(document, index);
  // What refers to itself has no end.
  if (depth > deepest && !out->fault) out->fault = "it nests too deeply, or refers to itself";
  if (!node || out->fault) return;
  switch (node->type) {
  case YAML_SEQUENCE_NODE:
    put(out, "[", 1);
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
      if (item > node->data.sequence.items.start) put(out, ",", 1);
      put_node(out, document, *item, depth + 1);
    }
    put(out, "]", 1);
    break;
  case YAML_MAPPING_NODE:
    put(out, "{", 1);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
      yaml_node_t *key = yaml_document_get_node(document, pair->key);
      if (!key || key->type != YAML_SCALAR_NODE) {
        out->fault = "a key is no text";
        return;
      }
      if (pair > node->data.mapping.pairs.start) put(out, ",", 1);
      put_text(out, key->data.scalar.value, key->data.scalar.length);
      put(out, ":", 1);
      put_node(out, document, pair->value, depth + 1);
    }
    put(out, "}", 1);
    break;
  case YAML_SCALAR_NODE: put_scalar(out, node); break;
  default: put(out, "null", 4);
  }
}

static char *fault(const char *text, size_t line) {
  char *message = NULL;
  return asprintf(&message, "!%s in line %zu", text, line + 1) < 0 ? NULL : message;
}

char *cyaml_json(const char *text, size_t length) {
  yaml_parser_t parser;
  yaml_document_t document;
  struct buffer out = {0};
  if (!yaml_parser_initialize(&parser)) return NULL;
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
  if (!yaml_parser_load(&parser, &document)) {
    char *message = fault(parser.problem ? parser.problem : "it cannot be read", parser.problem_mark.line);
    yaml_parser_delete(&parser);
    return message;
  }
  yaml_node_t *root = yaml_document_get_root_node(&document);
  if (root) put_node(&out, &document, 1, 0);
  else put(&out, "null", 4);
  char *result = out.bytes;
  if (out.fault) {
    free(out.bytes);
    result = fault(out.fault, root ? root->start_mark.line : 0);
  }
  yaml_document_delete(&document);
  yaml_parser_delete(&parser);
  return result;
}

void cyaml_free(char *json) { free(json); }
