CREATE TABLE `crl_sources` (
	`secret_id` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`refresh_ms` integer NOT NULL,
	`next_try_at` integer NOT NULL,
	`tried_at` integer,
	`fetched_at` integer,
	`failures` integer NOT NULL,
	`error` text,
	`etag` text,
	`last_modified` text,
	FOREIGN KEY (`secret_id`) REFERENCES `secrets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `crl_sources_next` ON `crl_sources` (`next_try_at`);--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` text NOT NULL,
	`expires_at` integer NOT NULL
);
