/** What a result says it was made by. The version is package.json's; a test keeps them the same. */
export const TOOL = { name: 'kubelag', version: '0.1.0' } as const;
