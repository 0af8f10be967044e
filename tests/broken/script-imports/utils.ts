export const sums = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
