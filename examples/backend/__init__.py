"""The backend of Harbour Kitchen, as far as it shows what an application does with its configuration."""
