CREATE TABLE `former_versions` (
	`resource_id` text NOT NULL,
	`version` integer NOT NULL,
	`content` text NOT NULL,
	PRIMARY KEY(`resource_id`, `version`)
);
--> statement-breakpoint
ALTER TABLE `routes` ADD `updated_by` text;--> statement-breakpoint
ALTER TABLE `secrets` ADD `updated_by` text;--> statement-breakpoint
ALTER TABLE `services` ADD `updated_by` text;