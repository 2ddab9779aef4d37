module httptrace-reference

go 1.24
