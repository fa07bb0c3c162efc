#define _GNU_SOURCE
#include "CUnpacking.h"

#include <CCapabilities.h>

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define BIT(capability) (1u << (capability))
static const unsigned kept_capabilities = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
                                          BIT(CAP_FSETID) | BIT(CAP_MKNOD) | BIT(CAP_SETFCAP);

#ifdef ARCHITECTURE
// What reading a pipe, inflating in a second thread and writing files needs.
static const int allowed[] = {
  SYS_read, SYS_write, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_fcntl, SYS_openat,
  SYS_getdents64, SYS_fchdir, SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_unlinkat, SYS_readlinkat,
  SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_ftruncate, SYS_fsetxattr, SYS_lsetxattr,
  SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_rt_sigprocmask,
  SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall, SYS_sched_yield, SYS_sched_getaffinity,
  SYS_clock_gettime, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_exit, SYS_exit_group,
};
// What only somebody who has taken over this process would do.
static const int deadly[] = {
  SYS_execve, SYS_execveat, SYS_socket, SYS_ptrace, SYS_mount, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf,
};

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define IF(test, number, then, otherwise) BPF_JUMP(BPF_JMP | (test) | BPF_K, (number), (then), (otherwise))
// The lower half of an argument, where the flags are.
#define ARGUMENT(index) (offsetof(struct seccomp_data, args[index]))
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int forbid_system_calls(void) {
  struct sock_filter filter[24 + 2 * COUNT(allowed) + 2 * COUNT(deadly)];
  unsigned short length = 0;
#define ADD(...) filter[length++] = (struct sock_filter)__VA_ARGS__
  ADD(LOAD(offsetof(struct seccomp_data, arch)));
  ADD(IF(BPF_JEQ, ARCHITECTURE, 1, 0));
  ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
  ADD(LOAD(offsetof(struct seccomp_data, nr)));
  for (size_t i = 0; i < COUNT(allowed); i++) {
    ADD(IF(BPF_JEQ, (unsigned)allowed[i], 0, 1));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
  }
  for (size_t i = 0; i < COUNT(deadly); i++) {
    ADD(IF(BPF_JEQ, (unsigned)deadly[i], 0, 1));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
  }
  // Memory, but none whose content could be run: no library of the layer is ever loaded.
  for (int i = 0; i < 2; i++) {
    ADD(IF(BPF_JEQ, i ? SYS_mprotect : SYS_mmap, 0, 4));
    ADD(LOAD(ARGUMENT(2)));
    ADD(IF(BPF_JSET, PROT_EXEC, 0, 1));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
  }
  // Threads, but no processes. The C library takes clone where there is no clone3.
  ADD(IF(BPF_JEQ, SYS_clone, 0, 4));
  ADD(LOAD(ARGUMENT(0)));
  ADD(IF(BPF_JSET, CLONE_THREAD, 0, 1));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
  ADD(ANSWER(SECCOMP_RET_ERRNO | ENOSYS));
  struct sock_fprog program = {length, filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#endif

// Each thread has capabilities of its own, and one beside this would keep all. Its folder has a link of its own, beside
// the two of the folder that it lies in.
static int is_alone(void) {
  struct stat threads;
  errno = EBUSY;
  return stat("/proc/self/task", &threads) == 0 && threads.st_nlink == 3;
}

const char *prepull_confine(void) {
  if (!is_alone()) return "be the only thread";
  // The C library reads its list of character sets when it first converts. libarchive does, so it is read now, and not
  // from a folder of the layer.
  iconv_t conversion = iconv_open("ANSI_X3.4-1968", "UTF-8");
  if (conversion != (iconv_t)-1) iconv_close(conversion);

  if (syscall(SYS_close_range, 3u, ~0u, 0u)) {
    if (errno != ENOSYS) return "close inherited files";
    // Kernels before 5.9. Whoever starts this process leaves it none anyway.
    for (int file = 3; file < 4096; file++) close(file);
  }
  // Where it is not allowed, the filter below still leaves no way to make a socket.
  unshare(CLONE_NEWNET);
  if (chroot(".")) return "make the folder its root";
  if (chdir("/")) return "enter the folder";
  if (ccapabilities_keep(kept_capabilities)) return "drop capabilities";
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return "forbid memory dumps";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return "forbid new privileges";
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return "open the folder";
  int kept = prepull_keep_below(root);
  close(root);
  if (kept < 0) return "keep to the folder";
#ifdef ARCHITECTURE
  // EINVAL: a kernel without seccomp. The rest holds there too.
  if (forbid_system_calls() && errno != EINVAL) return "forbid system calls";
#endif
  return NULL;
}
