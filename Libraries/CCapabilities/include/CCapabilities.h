#ifndef CCAPABILITIES_H
#define CCAPABILITIES_H

/// Leaves this process, which must have one thread, these capabilities of those that it has: a bit for each of the first
/// 32, and none of the rest. None is inherited, and where it is allowed the bounding set is lowered to them too. A program
/// that is started after it may get others back, unless new privileges are forbidden.
///
/// Returns -1 with errno where that fails.
int ccapabilities_keep(unsigned kept);

#endif
