/* The workload `seed` in plain loops, written so that a compiler vectorises them: `seed seed MEASURE THREADS`. */

#include <math.h>
#include <string.h>

#include "protocol.h"

enum { POOL = 4096, TRAIN = 64, BATCH = 256, MAPS = 3, SIDE = 28, OUT = 24, HALF = 12, FEATURES = 432, CLASSES = 10 };

/* A row of taps fills a vector; the last three weights stay zero. */
typedef struct {
    float kernel[MAPS][5][8], kernel_bias[MAPS];
    float dense[CLASSES][FEATURES], dense_bias[CLASSES];
} Parameters;

static Parameters parameters, gradients;
/* Three more values, because the last row of taps is read as a whole vector. */
static float images[POOL * SIDE * SIDE + 3];
static int next;

static const float *image(void) {
    next = (next + 1) % POOL;
    return images + next * SIDE * SIDE;
}

/* Convolution, ReLU and pool. `argmax` is the place of the largest of four in the image, -1 where the ReLU is dead. */
static void features(const float *restrict x, float *restrict pooled, int *restrict argmax) {
    for (int m = 0; m < MAPS; m++)
        for (int y = 0; y < HALF; y++) {
            float top[OUT], bottom[OUT];
            for (int i = 0; i < OUT; i++) top[i] = bottom[i] = parameters.kernel_bias[m];
#pragma GCC unroll 5
            for (int ky = 0; ky < 5; ky++)
#pragma GCC unroll 5
                for (int kx = 0; kx < 5; kx++) {
                    const float w = parameters.kernel[m][ky][kx], *row = x + (2 * y + ky) * SIDE + kx;
                    for (int i = 0; i < OUT; i++) top[i] += w * row[i];
                    for (int i = 0; i < OUT; i++) bottom[i] += w * row[SIDE + i];
                }
            for (int i = 0; i < HALF; i++) {
                const int place = 2 * y * SIDE + 2 * i;
                float best = top[2 * i];
                int at = place;
                if (top[2 * i + 1] > best) best = top[2 * i + 1], at = place + 1;
                if (bottom[2 * i] > best) best = bottom[2 * i], at = place + SIDE;
                if (bottom[2 * i + 1] > best) best = bottom[2 * i + 1], at = place + SIDE + 1;
                pooled[(m * HALF + y) * HALF + i] = best > 0 ? best : 0;
                argmax[(m * HALF + y) * HALF + i] = best > 0 ? at : -1;
            }
        }
}

static void scores(const float *restrict pooled, float *restrict z) {
    for (int j = 0; j < CLASSES; j++) {
        float sum = parameters.dense_bias[j];
        for (int i = 0; i < FEATURES; i++) sum += parameters.dense[j][i] * pooled[i];
        z[j] = sum;
    }
}

/* Turns scores into the delta of the mean loss: (softmax - target) / batch size. */
static void loss_delta(float *z, int label) {
    float max = z[0], sum = 0;
    for (int j = 1; j < CLASSES; j++) max = z[j] > max ? z[j] : max;
    for (int j = 0; j < CLASSES; j++) sum += z[j] = expf(z[j] - max);
    for (int j = 0; j < CLASSES; j++) z[j] = (z[j] / sum - (j == label)) / TRAIN;
}

static void dense_backward(const float *restrict delta, const float *restrict pooled, float *restrict input_delta) {
    memset(input_delta, 0, FEATURES * sizeof(float));
    for (int j = 0; j < CLASSES; j++) {
        for (int i = 0; i < FEATURES; i++) {
            gradients.dense[j][i] += delta[j] * pooled[i];
            input_delta[i] += delta[j] * parameters.dense[j][i];
        }
        gradients.dense_bias[j] += delta[j];
    }
}

/* Only the largest of four values has a delta, and only where the ReLU lives. */
static void kernel_backward(const float *restrict x, const int *restrict argmax, const float *restrict delta) {
    for (int m = 0; m < MAPS; m++) {
        float sums[5][8] = {{0}}, bias = 0;
        for (int i = m * HALF * HALF; i < (m + 1) * HALF * HALF; i++) {
            if (argmax[i] < 0) continue;
            const float *window = x + argmax[i];
#pragma GCC unroll 5
            for (int ky = 0; ky < 5; ky++)
                for (int kx = 0; kx < 8; kx++) sums[ky][kx] += delta[i] * window[ky * SIDE + kx];
            bias += delta[i];
        }
        for (int ky = 0; ky < 5; ky++)
            for (int kx = 0; kx < 5; kx++) gradients.kernel[m][ky][kx] += sums[ky][kx];
        gradients.kernel_bias[m] += bias;
    }
}

static void train(void) {
    static float pooled[FEATURES], delta[FEATURES], z[CLASSES];
    static int argmax[FEATURES];
    memset(&gradients, 0, sizeof gradients);
    for (int sample = 0; sample < TRAIN; sample++) {
        const float *x = image();
        features(x, pooled, argmax);
        scores(pooled, z);
        loss_delta(z, next % CLASSES);
        dense_backward(z, pooled, delta);
        kernel_backward(x, argmax, delta);
    }
    float *parameter = (float *)&parameters;
    const float *gradient = (const float *)&gradients;
    for (size_t i = 0; i < sizeof gradients / sizeof(float); i++) parameter[i] -= 0.05f * gradient[i];
}

static float output[BATCH][CLASSES];

static void infer(int samples) {
    static float pooled[FEATURES];
    static int argmax[FEATURES];
    for (int sample = 0; sample < samples; sample++) {
        features(image(), pooled, argmax);
        scores(pooled, output[sample]);
    }
    __asm__ volatile("" : : : "memory");
}

static void one(void) { infer(1); }
static void batch(void) { infer(BATCH); }

static float uniform(float bound) { return bound * (2.0f * rand() / RAND_MAX - 1); }

int main(int count, char **arguments) {
    if (count < 3) return 1;
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) images[i] = (float)rand() / RAND_MAX;
    for (int m = 0; m < MAPS; m++)
        for (int ky = 0; ky < 5; ky++)
            for (int kx = 0; kx < 5; kx++) parameters.kernel[m][ky][kx] = uniform(1.0f / 5);
    for (int j = 0; j < CLASSES; j++)
        for (int i = 0; i < FEATURES; i++) parameters.dense[j][i] = uniform(1 / sqrtf(FEATURES));
    const char *measure = arguments[2];
    const int learnt = MAPS * 26 + CLASSES * (FEATURES + 1);
    if (!strcmp(measure, "train")) serve("seed", measure, learnt, TRAIN, train);
    else if (!strcmp(measure, "one")) serve("seed", measure, learnt, 1, one);
    else if (!strcmp(measure, "batch")) serve("seed", measure, learnt, BATCH, batch);
    else return 1;
    return 0;
}
