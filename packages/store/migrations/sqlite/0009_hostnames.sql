ALTER TABLE `hostnames` ADD `state` text DEFAULT 'Validating' NOT NULL;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `since` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `kept` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `check_at` integer;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `checked_at` integer;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `failures` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `hostnames` ADD `found` text;--> statement-breakpoint
CREATE INDEX `hostnames_project` ON `hostnames` (`project`,`name`);--> statement-breakpoint
CREATE INDEX `hostnames_check` ON `hostnames` (`check_at`) WHERE check_at is not null;--> statement-breakpoint
CREATE INDEX `hostnames_unverified` ON `hostnames` (`name`) WHERE verified_at is null;--> statement-breakpoint
-- Names that are served count as verified: nobody asked for a proof of them.
UPDATE `hostnames` SET `state` = 'NotRequired', `since` = `created_at`, `verified_at` = coalesce(`verified_at`, `created_at`), `how` = CASE `how` WHEN 'generated' THEN 'generated' ELSE 'trusted' END;
