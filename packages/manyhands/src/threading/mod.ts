/** manyhands/threading: what Python's module of this name gives. */
export {};
