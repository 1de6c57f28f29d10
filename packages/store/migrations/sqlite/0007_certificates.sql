CREATE TABLE `certificate_orders` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`names_key` text NOT NULL,
	`state` text NOT NULL,
	`wanted_since` integer NOT NULL,
	`state_since` integer NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer NOT NULL,
	`last_error` text,
	`issuer` text,
	`order_url` text,
	`sealed_key` text,
	`renew_reason` text,
	`unused_since` integer,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `certificate_orders_names` ON `certificate_orders` (`project`,`names_key`);--> statement-breakpoint
CREATE INDEX `certificate_orders_due` ON `certificate_orders` (`next_attempt_at`) WHERE unused_since is null;--> statement-breakpoint
CREATE TABLE `certificate_names` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`order_id` text NOT NULL,
	`used` integer NOT NULL,
	PRIMARY KEY(`project`, `name`, `order_id`),
	FOREIGN KEY (`order_id`) REFERENCES `certificate_orders`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `certificate_names_order` ON `certificate_names` (`order_id`);--> statement-breakpoint
CREATE TABLE `certificate_revocations` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`names_key` text NOT NULL,
	`certificate_id` text NOT NULL,
	`fingerprint` text NOT NULL,
	`issuer` text NOT NULL,
	`chain_pem` text NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL,
	`error` text,
	`requested_at` integer NOT NULL,
	`requested_by` text,
	`settled_at` integer,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `certificate_revocations_certificate` ON `certificate_revocations` (`certificate_id`);--> statement-breakpoint
CREATE INDEX `certificate_revocations_waiting` ON `certificate_revocations` (`requested_at`) WHERE settled_at is null;--> statement-breakpoint
CREATE TABLE `acme_accounts` (
	`directory_url` text PRIMARY KEY NOT NULL,
	`sealed_key` text NOT NULL,
	`next_sealed_key` text,
	`account_url` text,
	`contact` text,
	`eab_key_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `acme_uses` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `acme_uses_key` ON `acme_uses` (`key`,`at`);--> statement-breakpoint
CREATE TABLE `acme_holds` (
	`key` text PRIMARY KEY NOT NULL,
	`until` integer NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `edge_positions` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`applied_revision` integer NOT NULL,
	`seen_at` integer NOT NULL
);
--> statement-breakpoint
-- A certificate was of one host, and is of a set of names of one project from here on.
CREATE TABLE `new_issued_certificates` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`names_key` text NOT NULL,
	`issuer` text NOT NULL,
	`document` text NOT NULL,
	`not_after` integer NOT NULL,
	`renew_at` integer NOT NULL,
	`ari_cert_id` text,
	`replaced_reason` text,
	`revoked_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
INSERT INTO `new_issued_certificates` (`id`, `project`, `names_key`, `issuer`, `document`, `not_after`, `renew_at`, `created_at`) SELECT `issued_certificates`.`id`, `hostnames`.`project`, `issued_certificates`.`host`, `issued_certificates`.`issuer`, `issued_certificates`.`document`, 1000 * CAST(strftime('%s', json_extract(`issued_certificates`.`document`, '$.notAfter')) AS integer), `issued_certificates`.`renew_at`, `issued_certificates`.`created_at` FROM `issued_certificates` JOIN `hostnames` ON `hostnames`.`name` = `issued_certificates`.`host`;--> statement-breakpoint
-- Hosts that have a certificate, and those that wait for one. Where a route brings its own, one issued before is kept unused.
INSERT INTO `certificate_orders` (`id`, `project`, `names_key`, `state`, `wanted_since`, `state_since`, `attempts`, `next_attempt_at`, `issuer`, `unused_since`) SELECT `issued_certificates`.`id`, `hostnames`.`project`, `issued_certificates`.`host`, 'issued', `issued_certificates`.`created_at`, `issued_certificates`.`created_at`, 0, `issued_certificates`.`renew_at`, `issued_certificates`.`issuer`, CASE WHEN `routes`.`certificate_wanted_at` IS NULL THEN `issued_certificates`.`created_at` END FROM `issued_certificates` JOIN `hostnames` ON `hostnames`.`name` = `issued_certificates`.`host` LEFT JOIN `routes` ON `routes`.`host` = `issued_certificates`.`host`;--> statement-breakpoint
INSERT INTO `certificate_orders` (`id`, `project`, `names_key`, `state`, `wanted_since`, `state_since`, `attempts`, `next_attempt_at`) SELECT lower(hex(randomblob(16))), `project`, `host`, 'pending', `updated_at`, `updated_at`, 0, 0 FROM `routes` WHERE `certificate_wanted_at` IS NOT NULL AND NOT EXISTS (SELECT 1 FROM `issued_certificates` WHERE `issued_certificates`.`host` = `routes`.`host`);--> statement-breakpoint
INSERT INTO `certificate_names` (`project`, `name`, `order_id`, `used`) SELECT `project`, `names_key`, `id`, `unused_since` IS NULL FROM `certificate_orders`;--> statement-breakpoint
DROP TABLE `issued_certificates`;--> statement-breakpoint
ALTER TABLE `new_issued_certificates` RENAME TO `issued_certificates`;--> statement-breakpoint
CREATE UNIQUE INDEX `issued_certificates_names` ON `issued_certificates` (`project`,`names_key`);--> statement-breakpoint
DROP INDEX `routes_certificate_wanted`;--> statement-breakpoint
ALTER TABLE `routes` DROP COLUMN `certificate_wanted_at`;
