export const one: number = ; // error: unexpected token
