export * from './change.ts';
export * from './findings.ts';
export * from './host-document.ts';
export * from './limits.ts';
export * from './names.ts';
export * from './problems.ts';
export * from './report.ts';
export * from './resource.ts';
export * from './route.ts';
export * from './rows.ts';
export * from './secret.ts';
export * from './service.ts';

export * from './verdict.ts';
