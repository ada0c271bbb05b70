#include "ballast_kernels.h"
