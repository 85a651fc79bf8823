/* NVML as nbtrack's recorder calls it, for machines without a GPU. Two devices replay a course of
   values; the second does not know its power. With HANGS defined, asking for memory never returns. */

#include <unistd.h>

typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3 };

static const unsigned int busy[] = {0, 37, 98, 100, 99, 12};
static const unsigned int milliwatts[] = {68123, 241500, 688910, 699020, 694333, 120004};
static unsigned int looks;
static int devices[2];

static unsigned int at(void) { return looks % 6; }

int nvmlInitWithFlags(unsigned int flags) { return flags ? INVALID_ARGUMENT : SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int result) { return result == NOT_SUPPORTED ? "Not Supported" : "?"; }

int nvmlDeviceGetCount_v2(unsigned int *count) {
    looks++;
    *count = 2;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, int **device) {
    if (index > 1) return INVALID_ARGUMENT;
    *device = &devices[index];
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(int *device, utilization_t *rates) {
    rates->gpu = device == &devices[0] ? busy[at()] : 100 - busy[at()];
    rates->memory = 5;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(int *device, memory_t *memory) {
#ifdef HANGS
    for (;;) pause();
#endif
    memory->total = 85520809984ULL;
    memory->used = (device == &devices[0] ? 1ULL : 2ULL) * 10000000000ULL;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

int nvmlDeviceGetTemperature(int *device, int sensor, unsigned int *celsius) {
    *celsius = device == &devices[0] ? 61 : 34;
    return sensor ? INVALID_ARGUMENT : SUCCESS;
}

int nvmlDeviceGetPowerUsage(int *device, unsigned int *power) {
    if (device == &devices[1]) return NOT_SUPPORTED;
    *power = milliwatts[at()];
    return SUCCESS;
}
