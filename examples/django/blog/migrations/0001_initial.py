# Made by `manage.py makemigrations blog`.

import acrawriter.django
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('headline', acrawriter.django.CharField(max_length=200)),
                ('summary', acrawriter.django.TextField(blank=True)),
                ('body', acrawriter.django.TextField()),
                ('author', acrawriter.django.CharField(max_length=100)),
                ('published', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name_plural': 'entries',
                'ordering': ['-published', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('display_name', models.CharField(max_length=100)),
                ('contact_email', acrawriter.django.EmailField(max_length=254)),
                ('billing_email', acrawriter.django.EmailField(help_text='Where invoices go.', max_length=254)),
                ('recovery_email', acrawriter.django.EmailField(blank=True, help_text='If the others fail.', max_length=254, null=True)),
            ],
            options={
                'ordering': ['display_name'],
            },
        ),
    ]
