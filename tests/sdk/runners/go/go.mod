module cloudmetrics.example/go/runner

go 1.24

require cloudmetrics.example/go/cloudmetrics v0.0.0

replace cloudmetrics.example/go/cloudmetrics => ../../../../generated_sdks/go
