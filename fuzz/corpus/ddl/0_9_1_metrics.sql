CREATE TABLE metrics (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
)