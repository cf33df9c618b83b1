/** Who hands out credentials and facts about the machine, as the address and the path tell. */
export const METADATA_SERVICES = ['ec2', 'ecs', 'eks-pod-identity', 'gce', 'azure'] as const;
export type MetadataService = (typeof METADATA_SERVICES)[number];

/**
 * What was asked for:
 * - `token`: IMDSv2's session token (PUT), which no credentials are in
 * - `roles`: which role there is; the SDK asks for that role's credentials next
 * - `credentials`: a role's credentials, or an access token
 * - `other`: instance id, region, zone, …
 * - `unknown`: the capture cut the path off
 */
export const METADATA_QUESTIONS = ['token', 'roles', 'credentials', 'other', 'unknown'] as const;
export type MetadataQuestion = (typeof METADATA_QUESTIONS)[number];

/** What stands behind the address of EC2's metadata service, where the answer tells. */
export const METADATA_AGENTS = ['kiam', 'kube2iam', 'ec2'] as const;
export type MetadataAgent = (typeof METADATA_AGENTS)[number];

/** What an exchange with a metadata service tells, without any secret. Numbers not seen are NaN. */
export interface Metadata {
  service: MetadataService;
  asks: MetadataQuestion;
  /** Product and version, as `User-Agent` names them: `aws-sdk-java/1.12.129`, `Botocore/1.24.46`; null where unknown. */
  software: string | null;
  agent: MetadataAgent | null;
  /** Seconds since 1970, by the provider's clock. */
  issuedAt: number;
  expiresAt: number;
  /** Seconds that the answer says are left (`expires_in`). */
  remaining: number;
  /** A hash that is equal for answers with the same credentials; null where they were not seen. */
  session: string | null;
}
