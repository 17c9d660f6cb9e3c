/* The security modules of the running kernel that have a say in who may trace whom. */
#pragma once

#include <stddef.h>

enum { LSM_NAMES = 64 };

/* Their names, as "SELinux, BPF"; empty where there is none or the kernel does not tell. Left out are
 * those whose verdict denial.c knows by itself: capabilities and yama. */
void lsm_tracing_modules(char names[LSM_NAMES]);
