import type { Fix } from '../../../model/finding.ts';
import { advice } from '../fixes.ts';
import type { DriverTask } from './driver-trips.ts';

const TITLES: Readonly<Record<DriverTask, string>> = {
  check:
    'do not ask before each use whether a connection lives: SQLAlchemy pool_pre_ping=False with pool_recycle, HikariCP without connectionTestQuery (asks only what was idle for 500 ms) with maxLifetime, Tomcat JDBC testOnBorrow=false or a longer validationInterval, pgxpool without a Ping in BeforeAcquire; and let the pool end connections before the network does',
  transaction:
    'read without a transaction of its own: SQLAlchemy isolation_level="AUTOCOMMIT", psycopg autocommit=True, Django without ATOMIC_REQUESTS, JDBC autoCommit=true; keep transactions where several statements belong together',
  session:
    'set it once for each connection and not for each request: ALTER ROLE … SET, PostgreSQL’s options=-c…, HikariCP connectionInitSql, SQLAlchemy’s connect event',
  prepare:
    'keep prepared statements, or send text and parameters in one go: pgx default_query_exec_mode=cache_statement or exec (not describe_exec), PgBouncer max_prepared_statements where it stands between',
};

/** One change for each task that is told. */
export const driverFixes = (tasks: readonly DriverTask[], server: string): Fix[] =>
  tasks.map((task) =>
    advice('code', TITLES[task], `the database driver or pool of ${server}`, 'set the former value again'),
  );
