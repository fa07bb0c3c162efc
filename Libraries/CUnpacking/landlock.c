// Landlock: once it is in force, nothing but files below one folder can be made, opened or removed, whatever a name or an
// open folder leads to. The figures are the kernel's (linux/landlock.h), as Debian's headers lack the newer ones.
#define _GNU_SOURCE
#include "CUnpacking.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rules {
  uint64_t files, network, scopes;
};
struct __attribute__((packed)) rule {
  uint64_t allowed;
  int32_t folder;
};

// Of files, by version: 2 links and moves across folders, 3 cuts files short, 5 commands to devices. Running files and
// those commands are never allowed.
enum { RUN = 1 << 0, FILES_1 = (1 << 13) - 1, MOVE = 1 << 13, TRUNCATE = 1 << 14, DEVICES = 1 << 15 };
// Of TCP (4): to be connected to, and to connect. Of processes (6): to reach others by abstract sockets and by signals.
enum { NETWORK = 3, SCOPES = 3 };

int prepull_keep_below(int folder) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  // A kernel without, or a container that forbids what it does not know. The first version forbids links across folders.
  if (version < 2) return 0;
  struct rules rules = {.files = FILES_1 | MOVE};
  if (version >= 3) rules.files |= TRUNCATE;
  if (version >= 4) rules.network = NETWORK;
  if (version >= 5) rules.files |= DEVICES;
  if (version >= 6) rules.scopes = SCOPES;
  // Older kernels take a longer structure whose rest is zero.
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (ruleset < 0) return -1;
  struct rule rule = {.allowed = rules.files & ~(uint64_t)(RUN | DEVICES), .folder = folder};
  long failed = syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0);
  if (!failed) failed = syscall(SYS_landlock_restrict_self, ruleset, 0);
  int number = errno;
  close(ruleset);
  errno = number;
  return failed ? -1 : (int)version;
}
