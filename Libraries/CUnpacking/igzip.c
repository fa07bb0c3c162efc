// ISA-L, loaded at run time: Debian has it as a shared library only, and a node need not have it.
#include "CUnpacking.h"

#include <dlfcn.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

static void (*init)(struct inflate_state *);
static void (*reset)(struct inflate_state *);
static int (*inflate_some)(struct inflate_state *);

void *prepull_igzip_new(void) {
  void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) return NULL;
  *(void **)&init = dlsym(library, "isal_inflate_init");
  *(void **)&reset = dlsym(library, "isal_inflate_reset");
  *(void **)&inflate_some = dlsym(library, "isal_inflate");
  if (!init || !reset || !inflate_some) return NULL;
  struct inflate_state *state = calloc(1, sizeof *state);
  if (!state) return NULL;
  init(state);
  state->crc_flag = ISAL_GZIP;
  return state;
}

void prepull_igzip_reset(void *memory) {
  struct inflate_state *state = memory;
  reset(state);
  state->crc_flag = ISAL_GZIP;
}

int prepull_igzip_inflate(void *memory, const uint8_t **input, uint32_t *left, uint8_t **output, uint32_t *room) {
  struct inflate_state *state = memory;
  state->next_in = (uint8_t *)*input;
  state->avail_in = *left;
  state->next_out = *output;
  state->avail_out = *room;
  int result = inflate_some(state);
  *input = state->next_in;
  *left = state->avail_in;
  *output = state->next_out;
  *room = state->avail_out;
  if (result < 0 || result == ISAL_NEED_DICT) return result < 0 ? result : -1;
  return state->block_state == ISAL_BLOCK_FINISH;
}
