#ifndef CMEMORY_H
#define CMEMORY_H

/// Has the allocator keep few heaps: each keeps something for its threads, and a server that mostly waits needs no heap for
/// each of them. To be called early; of other C libraries than glibc the allocator is left as it is.
void prepull_keep_few_heaps(void);

/// Gives memory back to the system that this process has no use for at the moment: what its allocator holds free, and the
/// pages of the program's own file that were mapped because they ran once. Those that run again are taken from the page
/// cache. Of other C libraries than glibc the allocator is left alone.
void prepull_give_back_memory(void);

#endif
