export * from './forge-certificate.ts';
export { type GeneratedChain, generatedChain } from './generated-chain.ts';
