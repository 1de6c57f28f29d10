CREATE TABLE `revocations` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`key` text NOT NULL,
	`client` text NOT NULL,
	`issuer_key` text,
	`reason` text NOT NULL,
	`route` text,
	`ca` text,
	`created_at` integer NOT NULL,
	`created_by` text,
	FOREIGN KEY (`project`) REFERENCES `projects`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `revocations_key` ON `revocations` (`project`,`key`);