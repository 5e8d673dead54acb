/** manyhands/multiprocessing: what Python's module of this name gives. */
export {};
