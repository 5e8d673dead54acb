/** The global names a function may use and still be self-contained.
 *
 *  A list, not a look at `globalThis`: the program may have added to that, and a fresh worker has not got those. */
const NAMES = `
undefined NaN Infinity globalThis global eval isFinite isNaN parseFloat parseInt decodeURI decodeURIComponent encodeURI
encodeURIComponent escape unescape Object Function Boolean Symbol Number BigInt Math Date String RegExp Array Int8Array
Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array
Float32Array Float64Array Map Set WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer SharedArrayBuffer DataView
Atomics JSON Promise Reflect Proxy Intl Iterator Temporal Error AggregateError EvalError RangeError ReferenceError
SuppressedError SyntaxError TypeError URIError DisposableStack AsyncDisposableStack WebAssembly
process Buffer console queueMicrotask structuredClone setTimeout clearTimeout setInterval clearInterval setImmediate
clearImmediate atob btoa performance crypto fetch navigator AbortController AbortSignal Blob BroadcastChannel
ByteLengthQueuingStrategy CloseEvent CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent
DecompressionStream DOMException ErrorEvent Event EventSource EventTarget File FormData Headers MessageChannel
MessageEvent MessagePort Navigator Performance PerformanceEntry PerformanceMark PerformanceMeasure
PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming QuotaExceededError
ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
ReadableStreamDefaultController ReadableStreamDefaultReader Request Response Storage SubtleCrypto TextDecoder
TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern
URLSearchParams WebSocket WritableStream WritableStreamDefaultController WritableStreamDefaultWriter
`;
const known: ReadonlySet<string> = new Set(NAMES.trim().split(/\s+/));

/** True for the names that exist in every fresh worker of this version of Node. */
export function isWorkerGlobal(name: string): boolean {
  return known.has(name) && name in globalThis;
}
