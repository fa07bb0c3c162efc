#ifndef CYAML_H
#define CYAML_H

#include <stddef.h>

/// Reads the first document of YAML and writes it as JSON: the plain scalars of Kubernetes' configurations (null, true,
/// false, decimal numbers) become values, all others texts, in which bytes that are no UTF-8 were refused by libyaml.
///
/// Returns a text to be freed; when the YAML is wrong, or refers to itself, nests deeper than 100 or grows beyond 16 MB,
/// one that begins with '!' and says what and in which line. NULL without memory.
char *cyaml_json(const char *text, size_t length);
void cyaml_free(char *json);

#endif
