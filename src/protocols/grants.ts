import type { Exchange, TokenGrant } from '../model/exchange.ts';

/** A form with client and secret; a private key's assertion adds a kilobyte or two. */
export const MAX_GRANT_REQUEST = 8 << 10;

// Keycloak, Auth0, Okta, UAA, Entra, Cognito, Hydra, IdentityServer, Google and Dex end so; PingFederate as the last.
const ENDS = ['/token', '/access_token', '/token.oauth2'];

/** Whether a request may be one to an authorization server's token endpoint (RFC 6749 section 3.2). */
export const mayAskForToken = ({ method, path }: Exchange): boolean =>
  method === 'POST' && (path.endsWith('n') || path.endsWith('2')) && ENDS.some((end) => path.endsWith(end));

/**
 * Whether a form asks for a token of the client's own (RFC 6749 section 4.4), which is the same for all whom it
 * serves: one of a user's is not. It is searched for that word alone, and forgotten.
 */
export const asksForOwnToken = (form: string): boolean => /(?:^|&)grant_type=client_credentials(?:&|\s*$)/.test(form);

/** How long a token is good (RFC 6749 section 5.1): nothing else of the answer is kept. Null where it holds none. */
export function grantIn(body: string): TokenGrant | null {
  if (!/"access_token"\s*:\s*"/.test(body)) return null;
  const seconds = /"expires_in"\s*:\s*"?(\d{1,8})\b/.exec(body)?.[1];
  return { expiresIn: seconds === undefined ? Number.NaN : Number(seconds) };
}
