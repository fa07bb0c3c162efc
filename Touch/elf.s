/*
 * The headers that every touch shares: an ELF file header and one program header, 120 bytes, code right behind.
 * The including file sets `data` (1 little endian, 2 big endian), `machine` and `flags` as its ABI asks.
 *
 * One segment, readable and executable, never writable. The load address is a multiple of 64 KiB and so is its
 * alignment: kernels with pages of 64 KiB (arm64, ppc64le) refuse anything finer.
 */
        .set    load, 0x400000

        .text
        .globl  _start
file:
        .ascii  "\177ELF"
        .byte   2, data, 1, 0           /* 64 bits, byte order, version, System V */
        .8byte  0
        .2byte  2                       /* ET_EXEC */
        .2byte  machine
        .4byte  1                       /* version */
        .8byte  load + 120              /* entry: the first byte behind the headers */
        .8byte  64                      /* offset of the program header */
        .8byte  0                       /* no section headers */
        .4byte  flags
        .2byte  64, 56, 1, 64, 0, 0     /* sizes and counts of the headers */

        .4byte  1, 5                    /* PT_LOAD, R+X */
        .8byte  0, load, load           /* offset, virtual and physical address */
        .8byte  end - file, end - file  /* size in the file and in memory */
        .8byte  0x10000                 /* alignment */
