CREATE TABLE `client_hosts` (
	`project` text NOT NULL,
	`fingerprint` text NOT NULL,
	`host` text NOT NULL,
	`route` text NOT NULL,
	`bundle` text NOT NULL,
	`anchor` text NOT NULL,
	`verdict` text NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`project`, `fingerprint`, `host`, `bundle`, `anchor`)
);
--> statement-breakpoint
CREATE INDEX `client_hosts_host` ON `client_hosts` (`project`,`host`,`last_at`);--> statement-breakpoint
CREATE TABLE `clients` (
	`project` text NOT NULL,
	`fingerprint` text NOT NULL,
	`subject` text NOT NULL,
	`issuer` text NOT NULL,
	`serial` text NOT NULL,
	`not_after` integer NOT NULL,
	`chain_hash` text,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`project`, `fingerprint`)
);
--> statement-breakpoint
CREATE INDEX `clients_age` ON `clients` (`last_at`);--> statement-breakpoint
CREATE TABLE `dropped_refusals` (
	`edge` text NOT NULL,
	`run` text NOT NULL,
	`count` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`edge`, `run`)
);
--> statement-breakpoint
CREATE INDEX `dropped_refusals_age` ON `dropped_refusals` (`last_at`);--> statement-breakpoint
CREATE TABLE `presented_chains` (
	`hash` text PRIMARY KEY NOT NULL,
	`trusted` integer NOT NULL,
	`certificates` text NOT NULL,
	`last_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `presented_chains_age` ON `presented_chains` (`trusted`,`last_at`);--> statement-breakpoint
CREATE TABLE `refusals` (
	`id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`project` text NOT NULL,
	`route` text NOT NULL,
	`host` text NOT NULL,
	`sni` text NOT NULL,
	`edge` text NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	`count` integer NOT NULL,
	`reason` text NOT NULL,
	`detail` text NOT NULL,
	`rule` text,
	`client_address` text,
	`fingerprint` text,
	`subject` text,
	`issuer` text,
	`serial` text,
	`chain_hash` text,
	`revision` integer NOT NULL,
	`tls_version` text,
	`observed` integer NOT NULL,
	`various` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refusals_seq` ON `refusals` (`seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `refusals_project` ON `refusals` (`project`,`seq`);--> statement-breakpoint
CREATE INDEX `refusals_age` ON `refusals` (`last_at`);