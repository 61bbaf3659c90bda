/* SPDX-License-Identifier: MIT */
/*
 * Coefficients derived from several fields or the step, for tests/kernels/config.c: what becomes of each of these
 * cases, set on the config of the configuration of this label. NAdam's own are in tests/kernels/nadam.c, with its
 * mu_product.
 */
#ifndef DESCEND_TESTS_CONFIG_DERIVED_H
#define DESCEND_TESTS_CONFIG_DERIVED_H

#include <float.h>

#include "expected.h"
#include "test.h"

static const struct derived {
    const char *label; /* an optimizer alone: no option on */
    uint64_t step;
    struct setting {
        const char *field;
        double value;
    } setting[5];
    descend_status status;
} derived[] = {
    /* f32(1 - dampening), from the second step on */
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", 1e39}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", -1e39}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"sgd", 3, {{"momentum", 0.9}, {"dampening", DBL_MAX}}, DESCEND_OVERFLOW},
    {"sgd", 3, {{"momentum", 0.9}, {"dampening", -DBL_MAX}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", FLT_MAX}}, DESCEND_OK},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", -FLT_MAX}}, DESCEND_OK},
    /* f32(-(lr / (1 - beta1^step))): at 0.5 and step 1 twice lr, later lr */
    {"adam", 1, {{"lr", FLT_MAX}, {"beta1", 0}}, DESCEND_OK},
    {"adam", 1, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 1, {{"lr", FLT_MAX / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 1, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 2, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 2, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 1000, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 1, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OVERFLOW},
    {"adam", STEP_MAX, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OK},
    {"adam", 1, {{"lr", DBL_MAX}, {"beta1", 0.9}}, DESCEND_OVERFLOW}, /* even in double */
    {"adam", 1000, {{"lr", 1e39}}, DESCEND_OVERFLOW},
    {"adam", 1000, {{"lr", 1e300}}, DESCEND_OVERFLOW},
    {"adamw", 1, {{"lr", 1e38}, {"beta1", 0}}, DESCEND_OK},
    {"adamw", 1, {{"lr", 1e38}, {"beta1", 0.9}}, DESCEND_OVERFLOW},
    {"adamw", 1000, {{"lr", 1e38}, {"beta1", 0.9}}, DESCEND_OK},
    {"adamw", 1000, {{"lr", 1e39}, {"weight_decay", 0}}, DESCEND_OVERFLOW},
    {"adamw", 1000, {{"lr", 1e300}, {"weight_decay", 0}}, DESCEND_OVERFLOW},
    /* f32(1 - lr * weight_decay): the decay alone enters nothing */
    {"adamw", 2, {{"lr", 1e20}, {"weight_decay", 1e20}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1e3}, {"weight_decay", 1e300}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1e20}, {"weight_decay", 1e300}}, DESCEND_OVERFLOW}, /* even in double */
    {"adamw", 2, {{"lr", 1}, {"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1}, {"weight_decay", FLT_MAX}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 1e-3}, {"weight_decay", 1e39}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 1e30}, {"weight_decay", 1e-30}}, DESCEND_OK},
    /* f32(-(lr / (1 + (step - 1) * lr_decay))) */
    {"adagrad", 1, {{"lr", FLT_MAX}, {"lr_decay", 1}}, DESCEND_OK},
    {"adagrad", 1, {{"lr", OVERFLOWING}, {"lr_decay", 1}}, DESCEND_OVERFLOW}, /* the first step is not decayed */
    {"adagrad", 2, {{"lr", OVERFLOWING}, {"lr_decay", 1}}, DESCEND_OK},
    {"adagrad", 2, {{"lr", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"adagrad", 2, {{"lr", 2 * OVERFLOWING}, {"lr_decay", 1}}, DESCEND_OVERFLOW},
    {"adagrad", 3, {{"lr", 2 * OVERFLOWING}, {"lr_decay", 1}}, DESCEND_OK},
    {"adagrad", STEP_MAX, {{"lr", DBL_MAX}, {"lr_decay", 1}}, DESCEND_OVERFLOW},
    {"adagrad", STEP_MAX, {{"lr", DBL_MAX}, {"lr_decay", 1e270}}, DESCEND_OK},
    {"adagrad", STEP_MAX, {{"lr", DBL_MAX}, {"lr_decay", DBL_MAX}}, DESCEND_OK}, /* the divisor is infinite */
    /* f32(-(lr / (1 - beta1^step))), as Adam's */
    {"adamax", 1, {{"lr", FLT_MAX}, {"beta1", 0}}, DESCEND_OK},
    {"adamax", 1, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adamax", 1, {{"lr", FLT_MAX / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adamax", 1, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adamax", 2, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adamax", 1, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OVERFLOW},
    {"adamax", STEP_MAX, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OK},
    {"adamax", 1, {{"lr", DBL_MAX}, {"beta1", 0.9}}, DESCEND_OVERFLOW}, /* even in double */
    {"adamax", 1000, {{"lr", 1e39}}, DESCEND_OVERFLOW},
    /* RAdam, LAMB: corrections are divisors of their own, at their least 2^-53 and its root */
    {"radam", 1, {{"lr", FLT_MAX}, {"beta1", BELOW_1}, {"beta2", BELOW_1}}, DESCEND_OK},
    {"radam", 2, {{"lr", FLT_MAX}, {"beta1", BELOW_1}, {"beta2", BELOW_1}}, DESCEND_OK},
    {"radam", STEP_MAX, {{"lr", FLT_MAX}, {"beta1", BELOW_1}, {"beta2", BELOW_1}}, DESCEND_OK},
    {"radam", STEP_MAX, {{"beta2", 0}}, DESCEND_OK},
    {"lamb", 1, {{"lr", FLT_MAX}, {"beta1", BELOW_1}, {"beta2", BELOW_1}}, DESCEND_OK},
    {"lamb", STEP_MAX, {{"lr", FLT_MAX}, {"beta1", BELOW_1}, {"beta2", BELOW_1}}, DESCEND_OK},
    /* f32(lr / (1 + lambd * lr * (step - 1))^alpha), at lr 1 and lambd 1 lr / step^alpha; f32(1 - lambd * that) */
    {"asgd", 1, {{"lr", FLT_MAX}, {"lambd", 0}}, DESCEND_OK},
    {"asgd", 1, {{"lr", OVERFLOWING}, {"lambd", 0}}, DESCEND_OVERFLOW},
    {"asgd", 2, {{"lr", OVERFLOWING}, {"lambd", 0}}, DESCEND_OVERFLOW},
    {"asgd", 1, {{"lr", 1}, {"lambd", 1}, {"alpha", -DBL_MAX}}, DESCEND_OK}, /* the first step has no power */
    {"asgd", 2, {{"lr", 1}, {"lambd", 1}, {"alpha", -127}}, DESCEND_OK},
    {"asgd", 2, {{"lr", 1}, {"lambd", 1}, {"alpha", -128}}, DESCEND_OVERFLOW},
    {"asgd", 4, {{"lr", 1}, {"lambd", 1}, {"alpha", -63}}, DESCEND_OK},
    {"asgd", 4, {{"lr", 1}, {"lambd", 1}, {"alpha", -64}}, DESCEND_OVERFLOW},
    {"asgd", 2, {{"lr", 1}, {"lambd", 1}, {"alpha", -DBL_MAX}}, DESCEND_OVERFLOW}, /* a division by 0 */
    {"asgd", 2, {{"lr", 1}, {"lambd", 1}, {"alpha", DBL_MAX}}, DESCEND_OK},        /* the rate is 0 */
    {"asgd", STEP_MAX, {{"lr", 1}, {"lambd", 1}, {"alpha", 1e39}}, DESCEND_OK},
    {"asgd", STEP_MAX, {{"lr", 1}, {"lambd", 1}, {"alpha", -1e39}}, DESCEND_OVERFLOW},
    {"asgd", STEP_MAX, {{"lr", 0}, {"lambd", 1}, {"alpha", -DBL_MAX}}, DESCEND_OK}, /* a power of 1 */
    {"asgd", STEP_MAX, {{"lr", 1}, {"lambd", 0}, {"alpha", -DBL_MAX}}, DESCEND_OK},
    {"asgd", 2, {{"lr", 1e300}, {"lambd", 1e300}, {"alpha", 1}}, DESCEND_OK}, /* of infinity: the rate is 0 */
    {"asgd", 2, {{"lr", 1e300}, {"lambd", 1e300}, {"alpha", -1}}, DESCEND_OVERFLOW},
    {"asgd", 1, {{"lr", 1}, {"lambd", FLT_MAX}}, DESCEND_OK},
    {"asgd", 1, {{"lr", 1}, {"lambd", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"asgd", 2, {{"lr", 1}, {"lambd", OVERFLOWING}, {"alpha", 1}}, DESCEND_OK},
    {"asgd", 2, {{"lr", 1}, {"lambd", 1e39}, {"alpha", 0}}, DESCEND_OVERFLOW},
    {"asgd", 1, {{"lr", 1e20}, {"lambd", 1e300}}, DESCEND_OVERFLOW}, /* even in double */
    {"asgd", 1, {{"lr", 0}, {"lambd", DBL_MAX}}, DESCEND_OK},
    {"asgd", 1, {{"lr", 0x1p-150}, {"lambd", DBL_MAX}}, DESCEND_OK}, /* the rate is 0 once it is a float32 */
    /* f32(1 - lr * weight_decay): the decay alone enters nothing */
    {"lion", 2, {{"lr", 1e20}, {"weight_decay", 1e20}}, DESCEND_OVERFLOW},
    {"lion", 2, {{"lr", 1e20}, {"weight_decay", 1e300}}, DESCEND_OVERFLOW}, /* even in double */
    {"lion", 2, {{"lr", 1}, {"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"lion", 2, {{"lr", 1}, {"weight_decay", FLT_MAX}}, DESCEND_OK},
    {"lion", 2, {{"lr", 1e-3}, {"weight_decay", 1e39}}, DESCEND_OK},
    {"lion", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OK},
    {"lion", 2, {{"lr", 1e30}, {"weight_decay", 1e-30}}, DESCEND_OK},
    /* NAdam and RAdam: so if decoupled, else f32(weight_decay) */
    {"nadam", 2, {{"weight_decay", FLT_MAX}}, DESCEND_OK},
    {"nadam", 2, {{"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"nadam", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OVERFLOW},
    {"nadam weight_decay decoupled", 2, {{"lr", 1e20}, {"weight_decay", 1e20}}, DESCEND_OVERFLOW},
    {"nadam weight_decay decoupled", 2, {{"lr", 1}, {"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"nadam weight_decay decoupled", 2, {{"lr", 1e-3}, {"weight_decay", 1e39}}, DESCEND_OK},
    {"nadam weight_decay decoupled", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OK},
    {"radam", 2, {{"weight_decay", FLT_MAX}}, DESCEND_OK},
    {"radam", 2, {{"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"radam", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OVERFLOW},
    {"radam weight_decay decoupled", 2, {{"lr", 1e20}, {"weight_decay", 1e20}}, DESCEND_OVERFLOW},
    {"radam weight_decay decoupled", 2, {{"lr", 1}, {"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"radam weight_decay decoupled", 2, {{"lr", 1e-3}, {"weight_decay", 1e39}}, DESCEND_OK},
    {"radam weight_decay decoupled", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OK},
};

#endif
