#ifndef CTOML_H
#define CTOML_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Reads TOML 1.0 and writes it as JSON, with tables as {"table": [[key, value], ...]} in the order of the text.
///
/// Returns a text to be freed; when the TOML is wrong, one that begins with '!' and says what and in which line.
char *ctoml_json(const char *text, size_t length);
void ctoml_free(char *json);

#ifdef __cplusplus
}
#endif

#endif
