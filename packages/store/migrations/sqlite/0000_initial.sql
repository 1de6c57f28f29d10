CREATE TABLE `authorities` (
	`name` text PRIMARY KEY NOT NULL,
	`cert_pem` text NOT NULL,
	`sealed_key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `changes` (
	`kind` text NOT NULL,
	`id` text NOT NULL,
	`revision` integer NOT NULL,
	`format_version` integer NOT NULL,
	`body` text,
	`written_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `changes_revision` ON `changes` (`revision`);--> statement-breakpoint
CREATE INDEX `changes_tombstones` ON `changes` (`written_at`) WHERE body is null;--> statement-breakpoint
CREATE TABLE `counters` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `epochs` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`start_revision` integer NOT NULL,
	`opened_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `epochs_id_unique` ON `epochs` (`id`);--> statement-breakpoint
CREATE TABLE `hostnames` (
	`name` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`generated` integer NOT NULL,
	`verified_at` integer,
	`how` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `issued_certificates` (
	`id` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`issuer` text NOT NULL,
	`document` text NOT NULL,
	`renew_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`host`) REFERENCES `hostnames`(`name`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `issued_certificates_host_unique` ON `issued_certificates` (`host`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`after_route_id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_id_unique` ON `jobs` (`id`);--> statement-breakpoint
CREATE TABLE `projects` (
	`name` text PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `projects_id_unique` ON `projects` (`id`);--> statement-breakpoint
CREATE TABLE `route_secrets` (
	`project` text NOT NULL,
	`secret` text NOT NULL,
	`route_id` text NOT NULL,
	PRIMARY KEY(`project`, `secret`, `route_id`),
	FOREIGN KEY (`route_id`) REFERENCES `routes`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `route_secrets_route` ON `route_secrets` (`route_id`);--> statement-breakpoint
CREATE TABLE `route_services` (
	`project` text NOT NULL,
	`service` text NOT NULL,
	`route_id` text NOT NULL,
	PRIMARY KEY(`project`, `service`, `route_id`),
	FOREIGN KEY (`route_id`) REFERENCES `routes`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `route_services_route` ON `route_services` (`route_id`);--> statement-breakpoint
CREATE TABLE `routes` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`labels` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`host` text NOT NULL,
	`spec` text NOT NULL,
	`certificate_wanted_at` integer,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`host`) REFERENCES `hostnames`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `routes_host_unique` ON `routes` (`host`);--> statement-breakpoint
CREATE UNIQUE INDEX `routes_name` ON `routes` (`project`,`name`);--> statement-breakpoint
CREATE INDEX `routes_certificate_wanted` ON `routes` (`certificate_wanted_at`);--> statement-breakpoint
CREATE TABLE `secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`labels` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`type` text NOT NULL,
	`details` text NOT NULL,
	`sealed` text NOT NULL,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `secrets_name` ON `secrets` (`project`,`name`);--> statement-breakpoint
CREATE TABLE `service_secrets` (
	`project` text NOT NULL,
	`secret` text NOT NULL,
	`service_id` text NOT NULL,
	PRIMARY KEY(`project`, `secret`, `service_id`),
	FOREIGN KEY (`service_id`) REFERENCES `services`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `service_secrets_service` ON `service_secrets` (`service_id`);--> statement-breakpoint
CREATE TABLE `services` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`labels` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`spec` text NOT NULL,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `services_name` ON `services` (`project`,`name`);--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`scope` text NOT NULL,
	`hash` text NOT NULL,
	`edge_key` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_hash_unique` ON `tokens` (`hash`);