/** manyhands/queue: what Python's module of this name gives. */
export {};
