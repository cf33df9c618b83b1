/** Alerts by name: RFC 8446 section 6, and those of RFC 5246 and before that are still sent. */
const NAMES: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  111: 'certificate_unobtainable',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
  121: 'ech_required',
};

export const ALERT_BYTES = 2;
const FATAL = 2;
// Whatever their level says: close_notify and user_canceled only end what was ending.
const GOODBYES: ReadonlySet<number> = new Set([0, 90]);

/** The name of an alert that ends a connection in error, null for any other. */
export function fatalAlert(level: number, description: number): string | null {
  if (level !== FATAL || GOODBYES.has(description)) return null;
  return NAMES[description] ?? `alert_${description}`;
}

/** An alert that is encrypted: nobody can tell which, only that there was one. */
export const ENCRYPTED_ALERT = 'encrypted_alert';
