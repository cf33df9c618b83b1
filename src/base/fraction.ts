/**
 * Zero for a field that will hold fractions. V8 lays a field that begins with 0 out for whole numbers: at
 * the first fraction it does so anew, and throws away whatever code it compiled for the object.
 */
export const NO_FRACTION = -0;
