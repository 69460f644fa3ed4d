"""Reports: questions that are asked again and again, and answered on paper."""
