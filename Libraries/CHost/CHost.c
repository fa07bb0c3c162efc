#define _GNU_SOURCE
#include "CHost.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (1u << (capability))
static const unsigned kept = BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH);

static int keep_few_capabilities(void) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2];
  if (syscall(SYS_capget, &header, sets)) return -1;
  // A program that root starts would get back what the bounding set has; not so without new privileges.
  sets[0].effective = sets[0].permitted &= kept;
  sets[1].effective = sets[1].permitted = 0;
  sets[0].inheritable = sets[1].inheritable = 0;
  return (int)syscall(SYS_capset, &header, sets);
}

const char *chost_run(const char *root, char *const arguments[]) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u)) {
    if (errno != ENOSYS) return "close inherited files";
    for (int file = 3; file < 4096; file++) close(file);
  }
  if (chroot(root)) return "enter the host's root";
  if (chdir("/")) return "enter the host's root";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return "forbid new privileges";
  if (keep_few_capabilities()) return "drop capabilities";
  execve(arguments[0], arguments, environ);
  return "run it";
}
