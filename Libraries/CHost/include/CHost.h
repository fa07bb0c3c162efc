#ifndef CHOST_H
#define CHOST_H

/// Puts a program of the host in the place of this process, which must have one thread: `root` is its root and its working
/// directory, it inherits no files but the three of standard input and output, no capabilities but those to read files of
/// others, and gets no more by set-user-ID programs. Arguments begin with the program's path below that root.
///
/// Returns only where a step failed, which it names, with errno.
const char *chost_run(const char *root, char *const arguments[]);

#endif
