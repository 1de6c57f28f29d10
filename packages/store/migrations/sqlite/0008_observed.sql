ALTER TABLE `refusals` ADD `phase` text;--> statement-breakpoint
ALTER TABLE `refusals` ADD `observed_match` text;