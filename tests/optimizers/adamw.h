/* What the tests know of AdamW; tests/optimizers/sgd.h says what each part is. */
static const char *const adamw_words[] = {"weight_decay", "maximize", "amsgrad", NULL};

static bool adamw_config(unsigned bits, descend_adamw *config)
{
    *config = (descend_adamw){.lr = 0.0017,
                              .beta1 = 0.87,
                              .beta2 = 0.9993,
                              .eps = 3e-8,
                              .weight_decay = bits & 1 ? 0.013 : 0,
                              .amsgrad = bits & 4,
                              .maximize = bits & 2};
    return true;
}

static unsigned adamw_uses(const descend_adamw *config)
{
    return config->amsgrad ? 7 : 3;
}

/* Loshchilov and Hutter (2019), algorithm 2, the decay multiplied by lr: what is decayed takes Adam's step. */
static void adamw_oracle(const descend_adamw *c, double t, struct bounded *m, struct bounded *v, struct bounded *x,
                         struct bounded *p, struct bounded g)
{
    const descend_adam adam = {.lr = c->lr,
                               .beta1 = c->beta1,
                               .beta2 = c->beta2,
                               .eps = c->eps,
                               .amsgrad = c->amsgrad,
                               .maximize = c->maximize};
    *p = scaled(1 - c->lr * c->weight_decay, *p);
    adam_oracle(&adam, t, m, v, x, p, g);
}
