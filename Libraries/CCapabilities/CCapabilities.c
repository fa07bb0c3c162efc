#define _GNU_SOURCE
#include "CCapabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ccapabilities_keep(unsigned kept) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Only one with SETPCAP may lower the bounding set. Without it nothing is lost: the bounding set counts when a program
  // is started, and gives nothing where new privileges are forbidden.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
    if (capability > 31 || !(kept & (1u << capability))) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2];
  if (syscall(SYS_capget, &header, sets)) return -1;
  sets[0].effective = sets[0].permitted &= kept;
  sets[1].effective = sets[1].permitted = 0;
  sets[0].inheritable = sets[1].inheritable = 0;
  return (int)syscall(SYS_capset, &header, sets);
}
