/** Functions of every sort that a module can export, for the tests of how functions travel. */
export function double(n: number): number {
  return n * 2;
}

export const triple = (n: number): number => n * 3;

export async function later(n: number): Promise<number> {
  return n + 1;
}

const quadruple = (n: number): number => n * 4;

export { quadruple as fourfold };

function scaleBy(factor: number): (n: number) => number {
  return (n) => n * factor;
}
export const tenfold: (n: number) => number = scaleBy(10);
export const hundredfold: (n: number) => number = scaleBy(100);
/** Made like the exported ones, but not exported: it must not be taken for one of them. */
const thousandfold = scaleBy(1000);
export const unexported: { readonly thousandfold: (n: number) => number } = { thousandfold };

export const notAFunction = 5;

export default (n: number): number => n * 5;
