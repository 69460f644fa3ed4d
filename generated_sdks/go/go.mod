module cloudmetrics.example/go/cloudmetrics

go 1.24
