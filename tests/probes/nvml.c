/* A stand-in for NVIDIA's driver library with the functions that the probe calls. FAKE_NVML in the environment holds
 * words that change its answers; it is read at every call, so that a test can change it while the library is open. */
#include <stdlib.h>
#include <string.h>

enum { OK = 0, UNINITIALIZED = 1, NOT_SUPPORTED = 3, NOT_FOUND = 6, DRIVER_NOT_LOADED = 9, LOST = 15, MISMATCH = 18 };

static int opened;
static int has(const char *word) {
    const char *words = getenv("FAKE_NVML");
    return words && strstr(words, word);
}
static int state(void) {
    if (!opened || has("reloaded")) return UNINITIALIZED;
    return has("lost") ? LOST : OK;
}

int fake_opened(void) { return opened; }
int nvmlInitWithFlags(unsigned flags) {
    if (has("unloaded")) return DRIVER_NOT_LOADED;
    if (has("mismatch")) return MISMATCH;
    opened++;
    return OK;
}
int nvmlShutdown(void) {
    if (!opened) return UNINITIALIZED;
    opened--;
    return OK;
}
const char *nvmlErrorString(int code) { return "an error"; }
int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device) {
    if (strcmp(address, "0000:01:00.0")) return NOT_FOUND;
    *device = (void *)1;
    return state();
}
#ifndef OLD_DRIVER
struct temperature { unsigned version, sensor; int celsius; };
int nvmlDeviceGetTemperatureV(void *device, struct temperature *answer) {
    if (answer->version != 0x100000C) return 25;
    answer->celsius = 61;
    return state();
}
struct margin { unsigned version; int celsius; };
int nvmlDeviceGetMarginTemperature(void *device, struct margin *answer) {
    if (has("limits")) return NOT_SUPPORTED;
    answer->celsius = 22;
    return state();
}
int nvmlDeviceGetCurrentClocksEventReasons(void *device, unsigned long long *bits) {
    *bits = 0x4 | 0x20;
    return state();
}
#else
int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *celsius) {
    *celsius = 50;
    return state();
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *bits) {
    *bits = 0x1;
    return state();
}
#endif
int nvmlDeviceGetTemperatureThreshold(void *device, unsigned which, unsigned *celsius) {
    if (which == 3 && has("no-operating-limit")) return NOT_SUPPORTED;
    *celsius = which == 1 ? 98 : which == 3 ? 93 : 0;
    return state();
}
int nvmlDeviceGetNumFans(void *device, unsigned *fans) {
    if (has("passive")) return NOT_SUPPORTED;
    *fans = 2;
    return state();
}
int nvmlDeviceGetFanSpeed_v2(void *device, unsigned fan, unsigned *percent) {
    *percent = 30 + fan;
    return state();
}
struct utilization { unsigned gpu, memory; };
int nvmlDeviceGetUtilizationRates(void *device, struct utilization *rates) {
    if (has("partitioned")) return NOT_SUPPORTED;
    rates->gpu = 40;
    rates->memory = 10;
    return state();
}
struct memory { unsigned long long total, free, used; };
int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory) {
    memory->total = 8000;
    memory->free = 6000;
    memory->used = 2000;
    return state();
}
