# touch for amd64 on Windows. What it does is told in README.md. Nothing but kernel32, which every image has, Nano Server
# and images without a shell too; neither a C library nor an instruction that needs an address of its own.
        .section .text
        .globl  start
start:  sub     $40, %rsp               # 32 bytes for what is called, and the stack on 16
        call    GetCommandLineW
        mov     %rax, %rsi              # the command line, UTF-16

        # The program's own name: up to the next quotation mark, or up to a blank.
        mov     $0x20, %ecx
        cmpw    $0x22, (%rsi)
        jne     name
        mov     $0x22, %ecx
        add     $2, %rsi
name:   movzwl  (%rsi), %eax
        test    %eax, %eax
        jz      done
        add     $2, %rsi
        cmp     $0x22, %ecx
        je      quoted
        cmp     $0x09, %eax             # a tab ends a word too
        je      blanks
quoted: cmp     %ecx, %eax
        jne     name

blanks: movzwl  (%rsi), %eax
        test    %eax, %eax
        jz      done
        add     $2, %rsi
        cmp     $0x20, %eax
        je      blanks
        cmp     $0x09, %eax
        je      blanks
        sub     $2, %rsi

        mov     $0x0064006c006f0068, %rax       # "hold"
        cmp     %rax, (%rsi)
        jne     wrong
        movzwl  8(%rsi), %eax
        test    %eax, %eax
        jz      hold
        cmp     $0x20, %eax
        je      hold
        cmp     $0x09, %eax
        jne     wrong

hold:   lea     ended(%rip), %rcx       # SetConsoleCtrlHandler(ended, TRUE)
        mov     $1, %edx
        call    SetConsoleCtrlHandler
wait:   mov     $-1, %ecx               # Sleep(INFINITE)
        call    Sleep
        jmp     wait

        # Called on CTRL_SHUTDOWN_EVENT, by which a kubelet ends a container, on Ctrl-C and on their like.
ended:  sub     $40, %rsp
done:   xor     %ecx, %ecx              # ExitProcess(0)
        call    ExitProcess
wrong:  mov     $2, %ecx                # ExitProcess(2)
        call    ExitProcess
