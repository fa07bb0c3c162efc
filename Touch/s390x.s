# touch for s390x. What it does is told in README.md; the system calls are those of <asm/unistd_64.h>.
        .set    data, 2
        .set    machine, 22             # EM_S390
        .set    flags, 0
        .include "elf.s"

_start: lg      %r1, 0(%r15)            # argc
        lghi    %r2, 0                  # status 0
        cghi    %r1, 1
        jle     exit
        lg      %r3, 16(%r15)           # argv[1]
        lghi    %r2, 2                  # status 2
        larl    %r4, hold
        clc     0(5,%r3), 0(%r4)
        jne     exit

        lghi    %r1, 0x4002             # the set, in place of argc: SIGTERM (15) and SIGINT (2)
        stg     %r1, 0(%r15)
        lghi    %r2, 0                  # SIG_BLOCK
        lgr     %r3, %r15
        lghi    %r4, 0
        lghi    %r5, 8                  # bytes in a set
        svc     175                     # rt_sigprocmask(SIG_BLOCK, set, NULL, 8)

wait:   lgr     %r2, %r15
        lghi    %r3, 0
        svc     177                     # rt_sigtimedwait(set, NULL, NULL, 8)
        cghi    %r2, -4                 # EINTR: stopped and continued
        je      wait
        lghi    %r2, 0

exit:   svc     1                       # exit(status)
        .balign 2
hold:   .asciz  "hold"
end:
