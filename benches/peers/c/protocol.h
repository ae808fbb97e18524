/* How the driver of the measurements and a measured process talk: see `benches/protocol`. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds of processor time: other processes do not disturb it. */
static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

static void answer(const char *workload, const char *measure, double value) {
    printf("{\"workload\":\"%s\",\"measure\":\"%s\",\"value\":%f}\n", workload, measure, value);
    fflush(stdout);
}

/* Answers the driver until it has no more questions; a step works on so many samples. */
static void serve(const char *workload, const char *measure, int parameters, int samples, void (*step)(void)) {
    char line[64];
    step();
    answer(workload, "parameters", parameters);
    while (fgets(line, sizeof line, stdin)) {
        double window = atof(line), start = seconds(), elapsed;
        long steps = 0, chunk = 1;
        do {
            for (long i = 0; i < chunk; i++) step();
            steps += chunk;
            elapsed = seconds() - start;
            if (elapsed < window / 64) chunk *= 2;
        } while (elapsed < window);
        answer(workload, measure, steps * samples / elapsed);
    }
}
