/* All formulas, for kernels.c. */
#ifndef DESCEND_FORMULAS_H
#define DESCEND_FORMULAS_H

#include "formulas/adadelta.h"
#include "formulas/adagrad.h"
#include "formulas/adam.h"
#include "formulas/adamax.h"
#include "formulas/adamw.h"
#include "formulas/asgd.h"
#include "formulas/lamb.h"
#include "formulas/lion.h"
#include "formulas/nadam.h"
#include "formulas/radam.h"
#include "formulas/rmsprop.h"
#include "formulas/rmsprop_tf.h"
#include "formulas/rprop.h"
#include "formulas/sgd.h"

#endif
