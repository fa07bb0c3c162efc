// What Unpacking needs of C: libarchive, zlib and libzstd as they are, and two things that Swift cannot say itself.
#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

// ISA-L's inflate (igzip.c). NULL where libisal.so.2 is missing: it is no library of Debian's base, so it is looked for.
void *prepull_igzip_new(void);
// Inflates from *input to *output and moves both. 1: a member of the file has ended. 0: more input or room is needed.
// Below 0: the bytes are no gzip, or its check sum is wrong.
int prepull_igzip_inflate(void *state, const uint8_t **input, uint32_t *left, uint8_t **output, uint32_t *room);
// Makes ready for the next member.
void prepull_igzip_reset(void *state);

// Shuts this process, which must have one thread, into its working directory (confine.c): that is its root from now on,
// no other file is open, no network, few capabilities, and only the system calls that unpacking needs. Returns NULL, or
// which step failed, with errno.
const char *prepull_confine(void);

// Keeps this thread, and those that it starts, to files below an open folder, if the kernel can (landlock.c); it must not
// be able to gain privileges any more. Returns the version of what the kernel has, 0 when that is nothing, -1 with errno.
int prepull_keep_below(int folder);

// Finds what a path names below a folder (openat2), its links followed as if the folder were the root. What it returns
// can be looked at, not read (O_PATH).
int prepull_find_in_root(int folder, const char *path);

// The same as the functions of the C library, which Swift does not see.
int prepull_pipe(int ends[2]);
int prepull_grow_pipe(int end, int size);

// Starts a program with nothing of this process but the two ends of pipes, in the folder, in a process group of its own.
int prepull_spawn(
  int *pid, const char *path, char *const arguments[], char *const environment[], int folder, int input, int output);
