/** The JSON form: what is written can be read again, and what cannot be read is refused with its path. */
import { decode, encode, fromJson, JsonFormError, toJson } from "@manyhands/server";
import fc from "fast-check";
import { SerializationError } from "manyhands";
import { describe, expect, test } from "vitest";

const VIEWS = [
  new Uint8Array([1, 2, 255]),
  new Int16Array([-2, 300]),
  new Float64Array([1.5, Number.NaN, -0]),
  new BigUint64Array([2n ** 63n]),
  new Uint8ClampedArray([7]),
  new Float32Array([]),
  new Uint8Array([0, 1, 2, 3]).subarray(1, 3),
];

test("any value that can travel comes back equal", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: false,
  });
  fc.assert(
    fc.property(anything, (value) => {
      // fast-check makes float and clamped arrays too; objects without a prototype come back with one.
      const expected = withoutUndefined(structuredClone(value));
      expect(fromJson(toJson(value), "value")).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

/** Properties that are undefined are left out; toEqual does not mind, but it does inside maps' keys. */
const withoutUndefined = (value: unknown): unknown => value;

test.each(VIEWS)("%o comes back as the same kind of array, in memory of its own", (view) => {
  const back = fromJson(toJson(view), "value") as Uint8Array;
  expect(back).toStrictEqual(view.slice());
  expect(back.buffer.byteLength).toBe(view.byteLength);
});

test("bytes without elements come back", () => {
  const { buffer } = new Uint8Array([1, 2]);
  expect(fromJson(toJson(buffer), "value")).toStrictEqual(buffer);
  expect(fromJson(toJson(new DataView(buffer)), "value")).toStrictEqual(new DataView(buffer));
  expect(fromJson(toJson(Buffer.from("hi")), "value")).toStrictEqual(new Uint8Array([104, 105]));
});

test.each<[unknown, string]>([
  [2n ** 70n, '{"$bigint":"1180591620717411303424"}'],
  [Number.NaN, '{"$number":"NaN"}'],
  [-0, '{"$number":"-0"}'],
  [undefined, '{"$undefined":true}'],
  [{ a: undefined, b: [undefined] }, '{"b":[{"$undefined":true}]}'],
  [new Date(0), '{"$date":"1970-01-01T00:00:00.000Z"}'],
  [new Map([[1, new Set(["x"])]]), '{"$map":[[1,{"$set":["x"]}]]}'],
  [new Float64Array([1]), '{"$bytes":"AAAAAAAA8D8=","as":"Float64Array"}'],
  [{ $ref: "#/a", b: 1n }, '{"$object":{"$ref":"#/a","b":{"$bigint":"1"}}}'],
  [
    Object.assign(new TypeError("no"), { code: "E_NO" }),
    '{"$error":{"name":"TypeError","message":"no","code":"E_NO"}}',
  ],
  [/a+/g, '{"$regexp":"/a+/g"}'],
])("%o is written as documented", (value, text) => {
  expect(toJson(value)).toBe(text);
});

describe("what has no form is refused with its path", () => {
  const circle: Record<string, unknown> = {};
  circle["inner"] = { circle };
  test.each<[string, unknown, string]>([
    ["a function", { list: [{ onClick: () => 1 }] }, "result.list[0].onClick"],
    ["a symbol", [Symbol("s")], "result[0]"],
    ["a circle", circle, "result.inner.circle"],
  ])("%s", (_name, value, path) => {
    expect(() => toJson(value)).toThrow(expect.objectContaining({ path, code: "ERR_SERIALIZATION" }));
  });

  test("an object twice, but not inside itself, is no circle", () => {
    const twice = { a: 1 };
    expect(toJson([twice, twice])).toBe('[{"a":1},{"a":1}]');
  });

  test("nesting without end", () => {
    let deep: unknown = 0;
    for (let level = 0; level < 10_000; level += 1) deep = [deep];
    expect(() => toJson(deep)).toThrow(SerializationError);
  });
});

describe("what cannot be read is refused with its path", () => {
  test.each<[string, RegExp]>([
    ["nope", /^value: .*JSON/],
    ['{"a":{"$bigint":1}}', /^value\.a\.\$bigint: /],
    ['{"$bigint":"1e3"}', /digits/],
    ['{"$number":"7"}', /\$number: not "NaN"/],
    ['[{"$what":1}]', /^value\[0\]: there is no form \$what/],
    ['{"$bigint":"1","b":2}', /beside \$bigint there is b/],
    ['{"$date":"yesterday"}', /ISO 8601/],
    ['{"$map":[[1]]}', /pairs/],
    ['{"$set":{}}', /not an array/],
    ['{"$bytes":"AAA","as":"Uint8Array"}', /base64/],
    ['{"$bytes":"AAAA","as":"Float64Array"}', /whole elements/],
    ['{"$bytes":"AAAA","as":"constructor"}', /base64/],
    ['{"$undefined":false}', /not true/],
    ['{"a":[{"__proto__":{"admin":true}}]}', /^value\.a\[0\]: the key __proto__/],
    ['{"$object":{"__proto__":1}}', /__proto__/],
    ["[".repeat(100_000) + "]".repeat(100_000), /levels/],
  ])("%.60s", (text, message) => {
    expect(() => fromJson(text, "value")).toThrow(JsonFormError);
    expect(() => fromJson(text, "value")).toThrow(message);
  });
});

test("any JSON either is read or is refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      try {
        encode(decode(structuredClone(data), "value"));
      } catch (error) {
        expect(error).toBeInstanceOf(JsonFormError);
      }
    }),
  );
});
